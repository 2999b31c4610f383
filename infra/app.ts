import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { bundleOperations, bundleRoot } from './bundle.ts';
import { writeOpenApi } from './openapi.ts';
import { loadOperations } from './operations.ts';
import { loadProviders } from './providers.ts';
import { parseSettings, type Settings, SettingsError } from './settings.ts';
import { UsherStack } from './stack.ts';

const app = new App();
const settings = settingsOrExit();
const operations = await loadOperations();
const providers = await loadProviders(operations);
writeOpenApi(operations);
await bundleOperations();

new UsherStack(app, 'UsherStack', { settings, operations, providers, bundleRoot });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

function settingsOrExit(): Settings {
  try {
    return parseSettings(app.node.tryGetContext('usher'));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
