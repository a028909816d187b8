// The script of the page. It sends forms to the control endpoints as JSON, and
// replaces the live parts of the page when the sandbox says that something
// changed. All texts come from the server, which escapes them.

const status = document.getElementById("status");
let clearing;

function say(text, isError = false) {
  status.textContent = text;
  status.classList.toggle("error", isError);
  clearTimeout(clearing);
  if (!isError) {
    clearing = setTimeout(() => { status.textContent = ""; }, 5000);
  }
}

// The HTML of each child of a live part, as the server sent it.
const sent = new WeakMap();

function live(root) {
  return root.querySelectorAll("[data-live]");
}

function remember(part) {
  for (const child of part.children) {
    sent.set(child, child.outerHTML);
  }
}

function isScrolledDown(scroller) {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
}

// Replaces the children of `part` that differ. Children are told apart by their
// IDs, so focus and what is folded out stay.
function update(part, fresh) {
  const scroller = part.closest("[data-bottom]");
  const isAtEnd = scroller && isScrolledDown(scroller);
  const old = new Map();
  for (const child of part.children) {
    old.set(child.id, child);
  }
  const focused = document.activeElement?.id;
  const children = [...fresh.children].map((child) => {
    const html = child.outerHTML;
    const known = old.get(child.id);
    if (known && sent.get(known) === html) {
      return known;
    }
    const wasOpen = known?.querySelector(":scope > details")?.open;
    if (wasOpen) {
      child.querySelector(":scope > details").open = true;
    }
    const node = document.adoptNode(child);
    sent.set(node, html);
    return node;
  });
  const kept = new Set(children);
  for (const child of [...part.children]) {
    if (!kept.has(child)) {
      child.remove();
    }
  }
  children.forEach((child, index) => {
    if (part.children[index] !== child) {
      part.insertBefore(child, part.children[index] ?? null);
    }
  });
  if (focused && document.activeElement === document.body) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
  if (isAtEnd) {
    scroller.scrollTop = scroller.scrollHeight;
  }
}

let isRefreshing = false;
let isStale = false;

async function refresh() {
  if (isRefreshing) {
    isStale = true;
    return;
  }
  isRefreshing = true;
  do {
    isStale = false;
    try {
      const response = await fetch(location.href);
      const text = await response.text();
      const fresh = new DOMParser().parseFromString(text, "text/html");
      for (const part of live(document)) {
        const next = fresh.getElementById(part.id);
        if (next) {
          update(part, next);
        }
      }
    } catch {
      // The event stream says that the sandbox is gone.
    }
  } while (isStale);
  isRefreshing = false;
}

// Returns the value of an input, or undefined to leave it out.
function valueOf(input) {
  if (input.type === "checkbox") {
    return input.checked || undefined;
  }
  const value = input.value;
  if (value === "") {
    return undefined;
  }
  // What is not a number is sent as it is, so that the sandbox names the member.
  const number = Number(value);
  return input.dataset.type === "number" && !Number.isNaN(number) ? number : value;
}

function bodyOf(form) {
  if (form.dataset.body) {
    return form.dataset.body;
  }
  const inputs = [...form.elements].filter((input) => input.name);
  if (inputs.length === 0) {
    return undefined;
  }
  const members = inputs.map((input) => [input.name, valueOf(input)]);
  return JSON.stringify(Object.fromEntries(members));
}

async function submit(form) {
  const path = form.querySelector("[data-path]");
  const action = form.dataset.action + (path ? encodeURIComponent(path.value) : "");
  const body = bodyOf(form);
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  let response;
  try {
    response = await fetch(action, { method: form.dataset.method, headers, body });
  } catch {
    say("Not done: the sandbox does not respond.", true);
    return;
  }
  if (response.ok) {
    say(form.dataset.done);
    if (!("keep" in form.dataset)) {
      // A control named `reset` would hide the method of the form.
      HTMLFormElement.prototype.reset.call(form);
    }
  } else {
    const problem = await response.json();
    say(`Not done: ${problem.message}`, true);
  }
  await refresh();
}

document.addEventListener("submit", (event) => {
  if (event.target.dataset.action) {
    event.preventDefault();
    submit(event.target);
  }
});

document.addEventListener("keydown", (event) => {
  const isSubmit = event.key === "Enter" && !event.shiftKey && !event.isComposing;
  if (isSubmit && "submit" in event.target.dataset) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    say("Copied.");
  } catch {
    getSelection().selectAllChildren(source);
    say("Selected: copy it with the keyboard.");
  }
});

for (const part of live(document)) {
  remember(part);
}

for (const scroller of document.querySelectorAll("[data-bottom]")) {
  scroller.scrollTop = scroller.scrollHeight;
}

const events = new EventSource("/_sandbox/events");
let isLost = false;
events.addEventListener("change", () => {
  if (isLost) {
    isLost = false;
    say("Connected again.");
  }
  refresh();
});
events.addEventListener("error", () => {
  isLost = true;
  say("The sandbox does not respond. Trying again.", true);
});
