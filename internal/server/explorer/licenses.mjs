// Prints the licences of the packages whose code is in the vendored files:
// those that GraphiQL's source map names, and React.
// Usage: node licenses.mjs NODE_MODULES
import fs from "node:fs";
import path from "node:path";

const modules = process.argv[2];
const names = new Set(["graphiql", "react", "react-dom"]);

// The packages of GraphiQL's own repository are told by their folder there.
const siblings = {
  "graphiql-react": "@graphiql/react",
  "graphiql-toolkit": "@graphiql/toolkit",
  "graphiql-plugin-doc-explorer": "@graphiql/plugin-doc-explorer",
  "graphiql-plugin-history": "@graphiql/plugin-history",
};

const map = JSON.parse(fs.readFileSync(path.join(modules, "graphiql/graphiql.min.js.map"), "utf8"));
for (const source of map.sources) {
  const installed = source.match(/^.*node_modules\/((?:@[^/]+\/)?[^/]+)/);
  const sibling = source.match(/^\.\.\/\.\.\/([^/]+)\//);
  if (installed) {
    names.add(installed[1].split("?")[0]);
  } else if (sibling) {
    names.add(siblings[sibling[1]] ?? sibling[1]);
  }
}
// `punycode.js` is the folder's name; the package goes by this one.
if (names.delete("punycode.js")) {
  names.add(fs.existsSync(path.join(modules, "punycode.js")) ? "punycode.js" : "punycode");
}

const byText = new Map();
for (const name of [...names].sort()) {
  const dir = path.join(modules, name);
  const about = JSON.parse(fs.readFileSync(path.join(dir, "package.json"), "utf8"));
  const author = typeof about.author === "string" ? about.author : about.author?.name;
  const file = fs.readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
  const text = file
    ? fs.readFileSync(path.join(dir, file), "utf8").replace(/\r\n/g, "\n").replace(/[ \t]+$/gm, "").trim()
    : `Licence: ${about.license}${author ? `, by ${author}` : ""} (the package has no licence file)`;
  byText.set(text, [...(byText.get(text) ?? []), `${name} ${about.version} (${about.license})`]);
}

console.log("The files in this folder contain the following packages.");
for (const [text, packages] of byText) {
  console.log(`\n${"-".repeat(72)}\n${packages.join("\n")}\n\n${text}`);
}
