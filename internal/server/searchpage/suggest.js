"use strict";

// Offers names and titles with words that begin as the text in the search box does, in a list below it: an
// editable combobox with a listbox, as WAI-ARIA describes it. The form works without.
(() => {
  const box = document.getElementById("q");
  const pause = 150; // milliseconds without a new letter, before a request
  const longest = 128; // characters
  let timer, request, active = -1, refused = false;

  const list = document.createElement("ul");
  list.id = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  box.parentElement.append(list);
  box.type = "text"; // an input of the type search may not be a combobox
  for (const [name, value] of Object.entries({
    role: "combobox", enterkeyhint: "search", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false",
  })) box.setAttribute(name, value);

  const stop = () => {
    clearTimeout(timer);
    request?.abort();
  };

  const mark = (index) => {
    active = index;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    list.children[active]?.scrollIntoView({ block: "nearest" });
    if (active < 0) box.removeAttribute("aria-activedescendant");
    else box.setAttribute("aria-activedescendant", list.children[active].id);
  };

  const show = (suggestions) => {
    list.replaceChildren(...suggestions.map(({ text, type }, i) => {
      const option = document.createElement("li");
      option.id = `suggestion-${i}`;
      option.dataset.text = text;
      option.setAttribute("role", "option");
      const kind = document.createElement("span");
      kind.textContent = type;
      option.append(text, " ", kind);
      return option;
    }));
    list.hidden = suggestions.length === 0;
    box.setAttribute("aria-expanded", String(!list.hidden));
    mark(-1);
  };

  const close = () => {
    stop();
    show([]);
  };

  const choose = (option) => {
    box.value = option.dataset.text;
    close();
    box.form.requestSubmit();
  };

  const load = async (text) => {
    request = new AbortController();
    const { signal } = request;
    try {
      const response = await fetch(`search/suggestions?prefix=${encodeURIComponent(text)}`, { signal });
      refused ||= response.status === 429;
      const suggestions = response.ok ? (await response.json()).suggestions : [];
      if (!signal.aborted) show(suggestions);
    } catch {
      if (!signal.aborted) show([]); // the search works without them
    }
  };

  box.addEventListener("input", () => {
    stop();
    const text = box.value;
    const short = /^[\x00-\x7f]?$/.test(text.trim()); // one ideograph says more than one letter
    if (short || text.length > longest || refused) show([]);
    else timer = setTimeout(load, pause, text);
  });
  box.addEventListener("keydown", (event) => {
    const n = list.children.length;
    if (event.isComposing || n === 0) return;
    if (event.key === "ArrowDown") mark(active + 1 === n ? -1 : active + 1);
    else if (event.key === "ArrowUp") mark(active === -1 ? n - 1 : active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) choose(list.children[active]);
    else return;
    event.preventDefault();
  });
  box.addEventListener("blur", close);
  box.form.addEventListener("submit", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box does not lose the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
})();
