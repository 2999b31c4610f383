/** A refusal of Lambda, with AWS's name for it. */
export class LambdaError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, status: number, message: string) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

export const invalid = (message: string): LambdaError =>
  new LambdaError('InvalidParameterValueException', 400, message);
