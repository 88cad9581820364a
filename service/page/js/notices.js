/** Under the bar: the question for the token, what could not be saved, and, for screen readers, what was just done. */

import { logIn } from "./api.js";
import { el, put, setText } from "./dom.js";
import { text } from "./text.js";

/** Keep `node` and the page's announcements true. */
export function drawNotices(node, announcements, { store, turn }) {
  const token = el("input", { type: "password", autocomplete: "off", "aria-label": text.token.label, placeholder: text.token.label });
  const wrong = el("span", { class: "wrong", role: "alert" });
  const form = el(
    "form",
    { class: "token", onsubmit: (event) => { event.preventDefault(); use(); } },
    el("label", {}, text.token.ask, token),
    el("button", { type: "submit" }, text.token.use),
    el("span", { class: "muted" }, text.token.hint),
    wrong,
  );
  const failure = el("p", { class: "failure", role: "alert" });
  put(node, form, failure);

  async function use() {
    try {
      await logIn(token.value.trim());
    } catch (error) {
      if (!("status" in error)) throw error;
      setText(wrong, error.status === 0 ? text.failure.network : error.message);
      return;
    }
    token.value = "";
    setText(wrong, "");
    store.set({ needsToken: false });
    turn();
  }

  store.watch(["needsToken", "failure", "said"], (state) => {
    form.hidden = !state.needsToken;
    failure.hidden = state.failure === null;
    setText(failure, state.failure ?? "");
    setText(announcements, state.said?.words ?? "");
  });
}
