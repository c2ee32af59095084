import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { pictureOf } from "./src/testing/pictures.ts";

const server = process.env.TAPEDECK_URL ?? "http://127.0.0.1:8000";

/** Pictures of the demo's recordings: what an image loads does not pass by the fake server. */
const demoPictures: Plugin = {
  name: "demo-pictures",
  apply: (_, { mode, command }) => mode === "demo" && command === "serve",
  configureServer({ middlewares }) {
    middlewares.use((request, response, next) => {
      const hit = /^\/api\/recorder\/[^/]+\/artifacts\/((screenshots|film)\/.+)$/.exec(
        request.url ?? "",
      );
      if (!hit) return next();
      response.setHeader("content-type", "image/svg+xml");
      response.end(pictureOf(decodeURIComponent(hit[1] ?? "")));
    });
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), demoPictures],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "es2023",
    manifest: true,
    sourcemap: false,
    modulePreload: { polyfill: false },
    // The shell lists every chunk by its file: names would weigh on every page.
    rolldownOptions: { output: { chunkFileNames: "assets/[hash].js" } },
  },
  server: { proxy: { "/api": { target: server, ws: true } } },
  test: {
    restoreMocks: true,
    testTimeout: 20_000,
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "page",
          include: ["src/**/*.test.tsx"],
          environment: "jsdom",
          setupFiles: ["./src/testing/setup.ts"],
        },
      },
    ],
  },
});
