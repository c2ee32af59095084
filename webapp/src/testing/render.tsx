import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { browserSurroundings, LiveConnection } from "@/features/live/connection";
import { LiveProvider } from "@/features/live/context";
import { newQueryClient } from "@/lib/queries";
import { newRouter } from "@/router";
import { FakeStageSocket } from "./fake-recorder";
import { FakeServer, FakeSocket } from "./fake-server";

/** The whole page at an address, on a server in memory. Requests go through msw, as on the wire. */
export function renderPage(path: string, fake = new FakeServer()) {
  const requests = setupServer(
    http.all("*/api/*", async ({ request }) => {
      if (fake.down) return HttpResponse.error();
      return fake.handle(request);
    }),
  );
  requests.listen({ onUnhandledRequest: "error" });
  const queries = newQueryClient();
  queries.setDefaultOptions({ queries: { ...queries.getDefaultOptions().queries, retry: false } });
  const connection = new LiveConnection({
    ...browserSurroundings(""),
    open: () => new FakeSocket(fake) as unknown as WebSocket,
    // Reconnects fast: what a test waits for is the page, not the back-off.
    random: () => -0.9,
  });
  // The live connection above has a socket of its own: whatever opens one by itself is a session.
  const sockets = replaceSockets(() => new FakeStageSocket(fake.recorder));
  const history = createMemoryHistory({ initialEntries: [path] });
  const router = newRouter(queries, history);
  const view = render(
    <QueryClientProvider client={queries}>
      <LiveProvider connection={connection}>
        <RouterProvider router={router} />
      </LiveProvider>
    </QueryClientProvider>,
  );
  const close = () => {
    view.unmount();
    queries.clear();
    sockets.restore();
    requests.close();
  };
  return { fake, router, connection, close, [Symbol.dispose]: close };
}

// msw makes the global read-only, so that it can only be defined anew.
function replaceSockets(make: () => FakeStageSocket) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  const value = function Socket() {
    return make();
  };
  Object.defineProperty(globalThis, "WebSocket", { value, configurable: true, writable: true });
  return {
    restore() {
      if (before) Object.defineProperty(globalThis, "WebSocket", before);
    },
  };
}
