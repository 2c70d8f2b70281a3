// Reads what `grader class export dolos` has written as Dolos does: info.csv and every file that it names.
import { pathToFileURL } from "node:url";

const reader = `${process.cwd()}/target/dolos/node_modules/@dodona/dolos-lib/dist/lib/dataset.js`;
const { Dataset } = await import(pathToFileURL(reader));
const { files } = await Dataset.create([process.argv[2]]);
const isWhole = (file) => file.content.length > 0 && file.extra.fullName && file.extra.labels;
if (files.length !== 8 || !files.every(isWhole)) {
    console.error(`Dolos reads ${files.length} of 8 files, or not all that is said of them`);
    process.exitCode = 1;
}
