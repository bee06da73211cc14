/* The page: reads /openapi.json, lists its operations by service, searches them, logs in. */
"use strict";

const byId = (id) => document.getElementById(id);
const VERBS = ["get", "post", "put", "delete", "patch"];

/** Every operation, with its path, verb and what its description says first. */
function operationsOf(contract) {
  return Object.entries(contract.json.paths).flatMap(([path, item]) => VERBS.filter((verb) => item[verb]).map((verb) => {
    const operation = { ...item[verb], path, verb };
    const [, permission] = operation.description.match(/^Permiso: (.*)\.$/m) ?? [null, "público, sin token"];
    const text = [verb, decodeURI(path), operation.summary, operation.operationId, permission].join(" ");
    return { ...operation, permission, text: plain(text), notes: operation.description.replace(/^Permiso: .*\.$/m, "") };
  }));
}

/** Without case and accents, as one searches. */
function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

function details(contract, operation) {
  const parameters = (operation.parameters ?? []).map((parameter) => contract.resolve(parameter));
  const part = (title, ...content) => [el("h4", null, title), ...content];
  return [
    el("p", null, el("b", null, "Permiso: "), operation.permission), prose(operation.notes),
    parameters.length ? part("Parámetros", parametersView(contract, parameters)) : null,
    operation.requestBody ? part(`Cuerpo${operation.requestBody.required ? " (obligatorio)" : ""}`,
      Object.entries(operation.requestBody.content).map(([type, content]) => contentView(contract, type, content))) : null,
    part("Respuestas", answersView(contract, operation.responses)),
    part("Probar", tryView(contract, operation, parameters)),
  ];
}

/** Its details are made when it is opened first: there are many, and few are read. */
function operationView(contract, operation) {
  const view = el("details", { class: "operation", id: operation.operationId, toggle: () => {
    if (view.open && view.childElementCount === 1) view.append(el("div", { class: "body" }, details(contract, operation)));
  } }, el("summary", null, el("b", { class: `verb ${operation.verb}` }, operation.verb.toUpperCase()), " ",
    el("code", null, decodeURI(operation.path)), " ", el("span", { class: operation.deprecated ? "old" : null }, operation.summary),
    el("small", null, ` ${operation.permission}`)));
  return view;
}

function listServices(contract, operations) {
  const services = [];
  for (const { name, description } of contract.json.tags) {
    const own = operations.filter((operation) => operation.tags[0] === name);
    if (!own.length) continue;
    const views = own.map((operation) => ({ operation, view: operationView(contract, operation) }));
    const section = el("section", { id: `servicio-${name}`, "aria-labelledby": `titulo-${name}` },
      el("h2", { id: `titulo-${name}` }, name), el("p", null, words(description)), views.map(({ view }) => view));
    const link = el("li", null, el("a", { href: `#servicio-${name}` }, name));
    services.push({ section, link, views });
    byId("operaciones").append(section);
    byId("servicios").append(link);
  }
  return services;
}

/** Shows the operations that have all the words. */
function search(services, text) {
  const wanted = plain(text).split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { section, link, views } of services) {
    let any = false;
    for (const { operation, view } of views) {
      view.hidden = !wanted.every((word) => operation.text.includes(word));
      any ||= !view.hidden;
      found += !view.hidden;
    }
    section.hidden = link.hidden = !any;
  }
  byId("cuenta").textContent = found === 1 ? "1 operación" : `${found} operaciones`;
}

/* --- who is logged in --- */

function useToken(token, who) {
  session.token = token;
  byId("sesion").textContent = who;
  byId("salir").hidden = token === "";
  byId("ingreso").hidden = byId("pegar").hidden = token !== "";
  byId("clave").value = byId("token").value = "";
}

async function logIn(event) {
  event.preventDefault();
  const status = byId("sesion");
  try {
    const body = JSON.stringify({ dni: byId("dni").value, password: byId("clave").value });
    const response = await fetch("/auth", { method: "POST", body, cache: "no-store", credentials: "omit",
      headers: { "Content-Type": "application/json", Accept: 'application/json; profile="bare"' } });
    const answer = await response.json();
    if (response.ok) useToken(answer.token, `${answer.nombre}, ${answer.rolNombre}`);
    else status.textContent = answer.detail ?? answer.message;
  } catch (error) {
    status.textContent = `No se pudo ingresar: ${error.message}`;
  }
}

function watchSession() {
  byId("ingreso").addEventListener("submit", logIn);
  byId("pegar").addEventListener("submit", (event) => {
    event.preventDefault();
    useToken(byId("token").value.trim(), "Con el token pegado.");
  });
  byId("salir").addEventListener("click", () => useToken("", "Sin token."));
}

/* --- start --- */

/** An operation named by the address is opened, whatever was searched before. */
function openNamed(services) {
  const view = byId(decodeURIComponent(location.hash.slice(1)));
  if (!view?.classList.contains("operation")) return;
  byId("buscar").value = "";
  search(services, "");
  view.open = true;
  view.scrollIntoView();
}

async function start() {
  watchSession();
  const response = await fetch("/openapi.json", { cache: "no-cache", credentials: "omit" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const contract = new Contract(await response.json());
  const { info } = contract.json;
  byId("version").textContent = info.version;
  byId("resumen").textContent = info.summary;
  byId("convenciones").append(...prose(info.description));
  const services = listServices(contract, operationsOf(contract));
  const box = byId("buscar");
  box.addEventListener("input", () => search(services, box.value));
  search(services, "");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    box.focus();
  });
  window.addEventListener("hashchange", () => openNamed(services));
  openNamed(services);
}

start().catch((error) => byId("operaciones").append(el("p", { class: "failure" }, `No se pudo leer /openapi.json: ${error.message}`)));
