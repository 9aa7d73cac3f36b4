import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `@roomtally/progress`: one entry, React is the page's own. */
export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    outDir: at("./package/dist"),
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    reportCompressedSize: false,
    lib: { entry: at("./src/lib/index.ts"), formats: ["es"], fileName: "index", cssFileName: "style" },
    rollupOptions: { external: [/^react($|\/)/, /^react-dom($|\/)/] },
  },
});
