import react from "@vitejs/plugin-react";
export default { base: (process.env.BASE || "") + "/", plugins: [react()], build: { assetsInlineLimit: 0 } };
