import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { bundleOperations } from './bundle.ts';
import { writeOpenApi } from './openapi.ts';
import { isRouted, loadFunctions } from './operations.ts';
import { loadProviders } from './providers.ts';
import { parseSettings, type Settings, SettingsError } from './settings.ts';
import { UsherStack } from './stack.ts';

const app = new App();
const settings = settingsOrExit();
const operations = await loadFunctions();
const providers = await loadProviders(operations);
writeOpenApi(operations.filter(isRouted));
const bundles = await bundleOperations();
// Set by the CDK from the profile; unknown without one, and then the templates fit every region but those of China.
const region = process.env.CDK_DEFAULT_REGION;

new UsherStack(app, 'UsherStack', { settings, operations, providers, bundles, ...(region && { env: { region } }) });
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
