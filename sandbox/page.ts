import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

const assets = '/_sandbox/swagger-ui/';

/** All that is served, so that no path reaches another file. */
const contentTypes = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Usher sandbox</title>
    <link rel="icon" href="${assets}favicon-32x32.png">
    <link rel="stylesheet" href="${assets}swagger-ui.css">
  </head>
  <body>
    <div id="page"><noscript>This page needs JavaScript. The API is described in <a href="/openapi.json">openapi.json</a>.</noscript></div>
    <script src="${assets}swagger-ui-bundle.js"></script>
    <script>
      SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, tryItOutEnabled: true, validatorUrl: null });
    </script>
  </body>
</html>
`;

/** The API page and the files it loads; nothing when the request is for something else. */
export async function pageAnswer(
  method: string | undefined,
  path: string,
): Promise<APIGatewayProxyStructuredResultV2 | undefined> {
  if (method !== 'GET') return undefined;
  if (path === '/') return { headers: { 'content-type': 'text/html; charset=utf-8' }, body: html };

  const name = path.startsWith(assets) ? path.slice(assets.length) : '';
  const contentType = contentTypes.get(name);
  if (!contentType) return undefined;
  const file = await readFile(createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`));
  return { headers: { 'content-type': contentType }, body: file.toString('base64'), isBase64Encoded: true };
}
