/** Stands for `@aws-sdk/endpoint-cache` in the bundles: no endpoint of ours is discovered, and its cache would be 8 KB. */
export class EndpointCache {}
