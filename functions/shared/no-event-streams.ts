/** Stands for `@smithy/core/event-streams` in the bundles: no call of ours streams, and it keeps 19 KB from being shaken out. */
export const eventStreamSerdeProvider = () => undefined;
export const resolveEventStreamSerdeConfig = <Config>(config: Config): Config => config;
