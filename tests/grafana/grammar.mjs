// Reads a JSON list of queries and prints, for each, where the grammar (logql or traceql) stumbles (-1: nowhere).
import { readFileSync } from "node:fs";
const { parser } = await import(`@grafana/lezer-${process.argv[2]}`);

const stumbles = (query) => {
  let position = -1;
  parser.parse(query).iterate({
    enter: (node) => {
      if (node.type.isError && position < 0) position = node.from;
    },
  });
  return position;
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(stumbles)));
