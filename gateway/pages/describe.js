/* What the document says, as elements: texts, schemas, parameters, answers. Nothing here sends anything. */
"use strict";

/** An element. Attributes that are functions are listeners; true stands for an attribute without a value; false and null leave it out. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== ""));
  return element;
}

/** The document's texts use two marks: `code` and lines that begin with "* ". */
function words(text) {
  return text.split("`").map((part, i) => (i % 2 ? el("code", null, part) : part));
}

function prose(text) {
  return text.trim().split(/\n\n+/).map((block) => {
    const lines = block.split("\n");
    return lines.every((line) => line.startsWith("* "))
      ? el("ul", null, lines.map((line) => el("li", null, words(line.slice(2)))))
      : el("p", null, words(block));
  });
}

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** The document, and the node that a reference in it leads to. */
class Contract {
  constructor(json) {
    this.json = json;
  }

  resolve(node) {
    while (node?.$ref) node = node.$ref.slice(2).split("/").reduce((at, key) => at[key], this.json);
    return node;
  }

  /** A schema without its references and its null: {schema, name, nullable}. */
  open(schema) {
    let nullable = false, name = "";
    for (;;) {
      if (schema.anyOf) {
        nullable ||= schema.anyOf.some((one) => one.type === "null");
        schema = { ...schema, anyOf: undefined, ...schema.anyOf.find((one) => one.type !== "null") };
      } else if (schema.$ref) {
        name = schema.$ref.split("/").pop();
        schema = { ...schema, $ref: undefined, ...this.resolve({ $ref: schema.$ref }) };
      } else break;
    }
    if (Array.isArray(schema.type)) {
      nullable ||= schema.type.includes("null");
      schema = { ...schema, type: schema.type[0] };
    }
    return { schema, name, nullable };
  }

  example(parameter) {
    return parameter.example ?? this.open(parameter.schema).schema.examples?.[0];
  }
}

const TYPES = { integer: "entero", number: "decimal", string: "texto", boolean: "true o false", object: "objeto", array: "lista" };

/** The bounds of a 32 or 64 bit integer say nothing to a reader. */
const isBound = (value) => value === undefined || Math.abs(value) >= 2147483647;

function range(low, high, unit) {
  if (low === undefined && high === undefined) return null;
  if (low === undefined) return `hasta ${high}${unit}`;
  return high === undefined ? `desde ${low}${unit}` : `de ${low} a ${high}${unit}`;
}

/** "texto, de 1 a 200 caracteres": type and limits in words. */
function typeWords(contract, given) {
  const { schema, nullable } = contract.open(given);
  const parts = [];
  if (schema.enum) parts.push("uno de ", schema.enum.map((value, i) => [i ? ", " : "", el("code", null, String(value))]));
  else if (schema.type === "array") parts.push("lista de ", typeWords(contract, schema.items));
  else parts.push(schema.format === "date" ? "fecha" : schema.format === "password" ? "texto secreto" : TYPES[schema.type] ?? "bytes");
  const limits = [
    range(isBound(schema.minimum) ? undefined : schema.minimum, isBound(schema.maximum) ? undefined : schema.maximum, ""),
    range(schema.minLength, schema.maxLength, " caracteres"),
    range(schema.minItems, schema.maxItems, " elementos"),
    schema.const !== undefined ? `siempre ${schema.const}` : null,
  ].filter(Boolean);
  for (const limit of limits) parts.push(", ", limit);
  // which characters a text may not have, and what a number looks like as a text, is left to the document
  if (schema.type === "string" && schema.pattern && !schema.pattern.includes("\\u0000"))
    parts.push(", como ", el("code", { class: "pattern" }, schema.pattern));
  if (nullable) parts.push(", o ", el("code", null, "null"));
  return parts;
}

/** The properties of an object, nested ones inside; `above` are the names already on the way here. */
function schemaTree(contract, given, above = []) {
  const { schema, name } = contract.open(given);
  if (schema.type === "array") return schemaTree(contract, schema.items, above);
  if (!schema.properties || above.includes(name)) return null;
  const required = schema.required ?? [];
  return el("ul", { class: "schema" }, Object.entries(schema.properties).map(([key, property]) => {
    const { schema: opened } = contract.open(property);
    const example = opened.examples?.[0];
    return el("li", null,
      el("code", { class: "key" }, key), required.includes(key) ? el("b", { title: "obligatorio" }, "*") : null, " ",
      el("span", { class: "type" }, typeWords(contract, property)),
      opened.description ? [". ", words(opened.description)] : null,
      example !== undefined ? [" Ej.: ", el("code", null, pretty(example))] : null,
      schemaTree(contract, property, [...above, name]));
  }));
}

/** One kind of content: its schema and its example. */
function contentView(contract, type, content) {
  const { schema } = contract.open(content.schema);
  const tree = schemaTree(contract, content.schema);
  return el("div", { class: "content" },
    el("p", null, el("code", null, type), tree && schema.type !== "array" ? null : [": ", typeWords(contract, content.schema)]),
    tree, content.example !== undefined ? el("pre", { tabindex: "0" }, pretty(content.example)) : null);
}

const PLACES = { path: "ruta", query: "consulta", header: "cabecera" };

function parametersView(contract, parameters) {
  return el("ul", { class: "schema" }, parameters.map((parameter) => {
    const example = contract.example(parameter);
    return el("li", null,
      el("code", { class: "key" }, parameter.name), parameter.required ? el("b", { title: "obligatorio" }, "*") : null,
      el("small", null, ` ${PLACES[parameter.in]} `), el("span", { class: "type" }, typeWords(contract, parameter.schema)),
      parameter.deprecated ? el("b", null, " obsoleto") : null,
      parameter.description ? [". ", words(parameter.description)] : null,
      example !== undefined ? [" Ej.: ", el("code", null, pretty(example))] : null);
  }));
}

function answersView(contract, responses) {
  return Object.entries(responses).map(([status, given]) => {
    const response = contract.resolve(given);
    const headers = Object.entries(response.headers ?? {});
    return el("details", { class: "answer" },
      el("summary", null, el("b", { class: `status s${status[0]}` }, status), " ", words(response.description)),
      headers.length ? el("ul", { class: "schema" }, headers.map(([name, header]) =>
        el("li", null, el("code", { class: "key" }, name), " ", words(contract.resolve(header).description ?? "")))) : null,
      Object.entries(response.content ?? {}).map(([type, content]) => contentView(contract, type, content)));
  });
}
