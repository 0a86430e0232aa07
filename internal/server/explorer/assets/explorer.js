"use strict";

// Starts GraphiQL on the page with a fetcher and a storage of our own. Endpoint
// and examples are data attributes of the page's only element.
(() => {
  const root = document.getElementById("explorer");
  const endpoint = root.dataset.endpoint;
  const examples = JSON.parse(root.dataset.examples);

  // GraphiQL's own introspection comes without a document, and is a query.
  const isSubscription = (document, operationName) => {
    const operations = (document?.definitions ?? []).filter((d) => d.kind === "OperationDefinition");
    const chosen = operations.find((d) => d.name?.value === operationName) ?? operations[0];
    return chosen?.operation === "subscription";
  };

  // The key of the demo, while the button for it is pressed. A key in the Headers
  // tab goes before it. It is kept nowhere but here.
  let demoKey = null;
  const button = document.getElementById("demo-key");
  button?.addEventListener("click", async () => {
    if (demoKey) {
      demoKey = null;
    } else {
      const response = await fetch(button.dataset.from, { method: "POST" });
      if (!response.ok) {
        button.textContent = "The key is for browsers on the server's own machine; the terminal has it";
        button.disabled = true;
        return;
      }
      demoKey = (await response.json()).key;
    }
    button.setAttribute("aria-pressed", String(demoKey !== null));
    button.textContent = demoKey ? "Using the demo key (EDITOR)" : "Use the demo key";
  });

  const authorization = (headers) => {
    const given = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "authorization");
    return demoKey && !given ? { Authorization: `Bearer ${demoKey}` } : {};
  };

  const post = (params, headers, accept, signal) =>
    fetch(endpoint, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: accept,
        // Not a header that a foreign page can send without being asked first.
        "X-Requested-With": "redthread-explorer",
        ...authorization(headers),
        ...headers,
      },
      body: JSON.stringify(params),
      signal,
    });

  // What is not JSON comes from something in front of the API: show it.
  const answer = async (response) => {
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      const status = `${response.status} ${response.statusText}`.trim();
      return { errors: [{ message: `The answer is not JSON (HTTP ${status}).`, extensions: { body: text.slice(0, 2000) } }] };
    }
  };

  // Yields the events of a text/event-stream as { event, data }.
  async function* events(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let event = { event: "message", data: [] };
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines.map((l) => l.replace(/\r$/, ""))) {
        if (line === "") {
          if (event.data.length > 0 || event.event !== "message") {
            yield { event: event.event, data: event.data.join("\n") };
          }
          event = { event: "message", data: [] };
          continue;
        }
        const [, field, text] = line.match(/^([^:]*):? ?(.*)$/);
        if (field === "event") event.event = text;
        if (field === "data") event.data.push(text);
      }
    }
  }

  // A subscription is an observable and not an async generator, because a
  // generator can't be stopped while it waits for the next event.
  const subscribe = (params, headers) => ({
    subscribe(observer) {
      const controller = new AbortController();
      const run = async () => {
        const response = await post(params, headers, "text/event-stream", controller.signal);
        if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
          observer.next(await answer(response));
          observer.complete();
          return;
        }
        for await (const { event, data } of events(response.body)) {
          if (event === "next") observer.next(JSON.parse(data));
          if (event === "complete") break;
        }
        controller.abort();
        observer.complete();
      };
      run().catch((error) => {
        if (!controller.signal.aborted) observer.error(error);
      });
      return { unsubscribe: () => controller.abort() };
    },
  });

  const fetcher = async (params, { headers, documentAST } = {}) => {
    if (isSubscription(documentAST, params.operationName)) {
      return subscribe(params, headers);
    }
    return answer(await post(params, headers, "application/graphql-response+json, application/json;q=0.9"));
  };

  // GraphiQL's history keeps the headers of each request, keys and all, even
  // when told not to persist headers. Nothing secret goes to disk here.
  const withoutHeaders = (text) => {
    try {
      return JSON.stringify(JSON.parse(text), (key, value) => (key === "headers" ? undefined : value));
    } catch {
      return text;
    }
  };
  const stored = GraphiQL.createLocalStorage({ namespace: "redthread" });
  const storage = {
    get length() {
      return stored.length;
    },
    getItem: (key) => stored.getItem(key),
    setItem: (key, value) => {
      if (/(^|:)headers$/.test(key)) return;
      stored.setItem(key, /(^|:)(queries|favorites)$/.test(key) ? withoutHeaders(value) : value);
    },
    removeItem: (key) => stored.removeItem(key),
    clear: () => stored.clear(),
  };

  const element = React.createElement;
  ReactDOM.createRoot(root).render(
    element(GraphiQL, {
      fetcher,
      storage,
      defaultQuery: examples[0]?.query,
      defaultTabs: examples.length > 0 ? examples : undefined,
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
      inputValueDeprecation: true,
      schemaDescription: true,
    }),
  );
})();
