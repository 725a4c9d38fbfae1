import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` shows the console with the API of a server that runs beside it.
const server = process.env.CUSTOMLABELS_ENDPOINT ?? "http://127.0.0.1:8321";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "../src/customlabels/api/console/static",
    emptyOutDir: true,
    chunkSizeWarningLimit: 2500,
  },
  server: { proxy: { "/console/api": server } },
});
