// A reporter for node:test: the files in which something failed, each on a line, perhaps more than once.
export default async function* failedFiles(events) {
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.file) yield `${data.file}\n`;
  }
}
