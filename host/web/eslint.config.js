import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// The layers, innermost first. A file imports from its own layer's folder and from layers before it.
const layers = ["lib", "ui", "domain", "features", "app"];

const outside = (layer) => layers.slice(layers.indexOf(layer) + (layer === "features" ? 0 : 1));

const testing = { group: ["@/testing/*"], message: "Only tests import @/testing." };
const mantine = { group: ["@mantine/*"], message: "Only ui/ knows Mantine: use or add a component there." };
const generated = { group: ["@/gen/*"], message: "lib and ui know nothing of the host's contract." };
const parents = { group: ["../*"], message: "Across folders import by @/, so that the layer can be seen." };

// A layer's import rules. A feature sees itself by ./ only, and never another feature.
const layerRule = (layer) => ({
  files: [`src/${layer}/**/*.{ts,tsx}`],
  ignores: ["**/*.test.{ts,tsx}"],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...(outside(layer).length === 0 ? [] : [{
            group: outside(layer).map((name) => `@/${name}/*`),
            message: `Layers are ${layers.join(" → ")}: ${layer} may not import this.`,
          }]),
          testing,
          parents,
          ...(layer === "ui" ? [] : [mantine]),
          ...(layer === "lib" || layer === "ui" ? [generated] : []),
        ],
      },
    ],
  },
});

export default tseslint.config(
  { ignores: ["dist", "src/gen", "coverage", "e2e/artifacts"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  hooks.configs.flat["recommended-latest"],
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", 400],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // The router throws what is not an Error: redirects and "not found".
      "@typescript-eslint/only-throw-error": "off",
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXOpeningElement[name.name=/^(div|span|p|li|ul|tr|td|section|article)$/] > JSXAttribute[name.name=/^on(Click|KeyDown|PointerDown|MouseDown)$/]",
          message: "Interactive elements are buttons, links and inputs from ui/.",
        },
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "User text is inert: render it as text, or with ui/markdown.",
        },
      ],
    },
  },
  ...layers.map(layerRule),
  // What a newer host may send is no member of the enumeration; what a test looked up and is not there fails it.
  { files: ["**/*.test.{ts,tsx}"], rules: { "@typescript-eslint/no-unsafe-enum-assignment": "off", "@typescript-eslint/no-non-null-assertion": "off" } },
  { files: ["eslint.config.js"], extends: [tseslint.configs.disableTypeChecked] },
);
