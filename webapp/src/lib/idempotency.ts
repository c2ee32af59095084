import { useRef } from "react";

/** A key for each body: sending the same one again after a lost answer starts nothing twice. */
export function useIdempotencyKey(): (body: unknown) => string {
  const sent = useRef({ body: "", key: "" });
  return (body) => {
    const text = JSON.stringify(body);
    if (sent.current.body !== text) {
      const random = crypto.getRandomValues(new Uint32Array(4));
      sent.current = { body: text, key: `page-${[...random].map((n) => n.toString(36)).join("")}` };
    }
    return sent.current.key;
  };
}
