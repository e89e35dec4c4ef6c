"""Train models: LightningModules, and the callbacks, loggers and trainer that they are fitted with."""
