import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => ({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "../src/customlabels/api/console/static",
    emptyOutDir: true,
    chunkSizeWarningLimit: 2500,
  },
  server: {
    // `npm run dev` shows the console with the API of a server that runs beside it.
    proxy: { "/console/api": loadEnv(mode, ".", "CUSTOMLABELS_").CUSTOMLABELS_ENDPOINT ?? "http://127.0.0.1:8321" },
  },
}));
