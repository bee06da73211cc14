/* "Probar": a form for the operation's request, its sending, the answer, and the same request as a line for curl. */
"use strict";

/** Who is logged in, in this page's memory and nowhere else. */
const session = { token: "" };

/** The control for a value, and how it is read: always a list of texts, empty when nothing was said. */
function control(contract, parameter) {
  const { schema } = contract.open(parameter.schema);
  const item = schema.type === "array" ? contract.open(schema.items).schema : schema;
  const values = item.enum ?? (item.type === "boolean" ? [true, false] : null);
  const example = contract.example(parameter);
  const several = schema.type === "array";
  if (values) {
    const select = el("select", { multiple: several }, several ? null : el("option", { value: "" }, "—"),
      values.map((value) => el("option", { selected: parameter.required && value === example }, String(value))));
    return { input: select, read: () => [...select.selectedOptions].map((option) => option.value).filter(Boolean) };
  }
  const shown = example === undefined ? "" : String(example);
  const input = el("input", { autocomplete: "off", placeholder: shown });
  if (parameter.required) input.value = shown;
  const split = () => input.value.split(",").map((part) => part.trim()).filter(Boolean);
  return { input, read: () => (several ? split() : input.value === "" ? [] : [input.value]) };
}

/** The control for the body: {view, read}; read gives {body, type, curl}. */
function bodyControl(contract, requestBody) {
  if (!requestBody) return { view: null, read: () => ({}) };
  const types = Object.keys(requestBody.content);
  if (types[0] === "multipart/form-data") return filesControl(contract, requestBody.content[types[0]]);
  const example = requestBody.content[types[0]].example;
  const type = el("select", { "aria-label": "Tipo del cuerpo" }, types.map((name) => el("option", null, name)));
  const rows = example === undefined ? 3 : Math.min(14, pretty(example).split("\n").length + 1);
  const text = el("textarea", { "aria-label": "Cuerpo", spellcheck: "false", rows });
  const asForm = () => new URLSearchParams(Object.entries(example ?? {}).map(([key, value]) => [key, String(value)])).toString();
  const fill = () => { text.value = example === undefined ? "" : type.value.endsWith("json") ? pretty(example) : asForm(); };
  type.addEventListener("change", fill);
  fill();
  const view = el("div", { class: "field wide" }, "Cuerpo ", types.length > 1 ? type : el("small", null, types[0]), text);
  const read = () => (text.value.trim() === "" ? {} : { body: text.value, type: type.value, curl: ["--data-raw", text.value] });
  return { view, read };
}

function filesControl(contract, content) {
  const [name] = Object.keys(contract.open(content.schema).schema.properties);
  const input = el("input", { type: "file", multiple: true });
  const read = () => {
    const body = new FormData();
    for (const file of input.files) body.append(name, file, file.name);
    return { body, curl: [...input.files].flatMap((file) => ["-F", `${name}=@${file.name}`]) };
  };
  return { view: el("label", { class: "field wide" }, `${name} `, input), read };
}

/** {url, method, headers, body, curl} of what the form says now. */
function compose(operation, fields, body) {
  let path = operation.path;
  const query = [], headers = [];
  for (const { parameter, read } of fields) {
    const values = read();
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(values[0] ?? ""));
    else for (const value of values) (parameter.in === "query" ? query : headers).push([parameter.name, value]);
  }
  const said = body.read();
  if (said.type) headers.push(["Content-Type", said.type]);
  const isPublic = operation.security?.length === 0;
  const url = path + (query.length ? "?" + query.map((pair) => pair.map(encodeURIComponent).join("=")).join("&") : "");
  const sent = !isPublic && session.token ? [...headers, ["Authorization", `Bearer ${session.token}`]] : headers;
  return { url, method: operation.verb.toUpperCase(), headers: sent, body: said.body, curl: curlLine(operation, url, headers, said, isPublic) };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The token stands in it as $TOKEN: a line that is passed on shall not log anybody in. */
function curlLine(operation, url, headers, said, isPublic) {
  const parts = [`curl -i -X ${operation.verb.toUpperCase()} ${quoted(location.origin + url)}`];
  if (!isPublic) parts.push(`-H "Authorization: Bearer $TOKEN"`);
  for (const [name, value] of headers) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  const more = said.curl ?? [];
  for (let i = 0; i < more.length; i += 2) parts.push(`${more[i]} ${quoted(more[i + 1])}`);
  return parts.join(" \\\n  ");
}

/** The body as an element; one that never ends is shown as it comes. */
async function showBody(response, place) {
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("text/event-stream")) {
    const text = el("pre", { tabindex: "0" });
    place.append(text);
    const decoder = new TextDecoder(), reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) text.append(decoder.decode(part.value, { stream: true }));
  } else if (type.startsWith("image/")) {
    const url = URL.createObjectURL(await response.blob());
    place.append(el("img", { src: url, alt: "La imagen que respondió", load: () => URL.revokeObjectURL(url) }));
  } else {
    const text = await response.text();
    place.append(el("pre", { tabindex: "0" }, type.includes("json") ? indented(text) : text || "(sin cuerpo)"));
  }
}

/** JSON with line ends and blanks, its values as they came: a number does not pass through a binary float. */
function indented(json) {
  let out = "", depth = 0;
  const line = () => "\n" + "  ".repeat(depth);
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if ("{[".includes(token)) depth++, (out += token + line());
    else if ("}]".includes(token)) depth--, (out += line() + token);
    else out += token === "," ? token + line() : token === ":" ? ": " : token;
  }
  return out;
}

async function send(request, place, signal) {
  const started = performance.now();
  const response = await fetch(request.url, { method: request.method, headers: request.headers, body: request.body,
    cache: "no-store", credentials: "omit", signal });
  const millis = Math.round(performance.now() - started);
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const status = el("b", { class: `status s${String(response.status)[0]}` }, String(response.status));
  place.append(el("p", null, status, ` ${response.statusText} `, el("small", null, `${millis} ms`)),
    el("details", null, el("summary", null, "Cabeceras de la respuesta"), el("pre", { tabindex: "0" }, headers)));
  await showBody(response, place);
}

/** A listener that sends what `say` composes, shows the answer in `place`, and lets `stop` end it. */
function sender(say, place, stop) {
  return async (event) => {
    event.preventDefault();
    const abort = new AbortController();
    stop.hidden = false;
    stop.onclick = () => abort.abort();
    place.replaceChildren();
    try {
      await send(say(), place, abort.signal);
    } catch (error) {
      const text = abort.signal.aborted ? "Detenido." : `No se pudo enviar, o la respuesta se cortó: ${error.message}`;
      place.append(el("p", { class: "failure" }, text));
    } finally {
      stop.hidden = true;
    }
  };
}

/** The form of an operation, with the place of its answer. */
function tryView(contract, operation, parameters) {
  const fields = parameters.map((parameter) => ({ parameter, ...control(contract, parameter) }));
  const body = bodyControl(contract, operation.requestBody);
  const field = ({ parameter, input }) => el("label", { class: "field" }, `${parameter.name}${parameter.required ? " *" : ""} `, input);
  const headers = fields.filter((one) => one.parameter.in === "header");
  const answer = el("div", { class: "result", role: "status" }), curl = el("pre", { tabindex: "0", class: "curl" });
  const stop = el("button", { type: "button", hidden: true }, "Detener");
  const say = () => compose(operation, fields, body);
  const show = () => { curl.textContent = say().curl; };
  show();
  return el("form", { class: "try", submit: sender(say, answer, stop), input: show, change: show },
    el("div", { class: "fields" }, fields.filter((one) => !headers.includes(one)).map(field), body.view),
    headers.length ? el("details", null, el("summary", null, "Cabeceras"), el("div", { class: "fields" }, headers.map(field))) : null,
    el("p", null, el("button", { class: "send" }, "Probar"), " ", stop),
    el("details", { open: true }, el("summary", null, "La misma petición con curl"), curl), answer);
}
