import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { browserSurroundings, LiveConnection } from "@/features/live/connection";
import { LiveProvider } from "@/features/live/context";
import { apiBase } from "@/lib/api";
import { newQueryClient } from "@/lib/queries";
import { watchSystemTheme } from "@/lib/theme";
import { newRouter } from "./router";
import "./index.css";

if (import.meta.env.MODE === "demo") {
  const { installDemo } = await import("./testing/demo");
  installDemo();
}

const socketURL = `${(apiBase || window.location.origin).replace(/^http/, "ws")}/api/ws`;
const queries = newQueryClient();
const connection = new LiveConnection(browserSurroundings(socketURL));
const router = newRouter(queries);
watchSystemTheme();

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <LiveProvider connection={connection}>
        <RouterProvider router={router} />
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>,
);
