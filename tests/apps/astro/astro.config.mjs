export default { base: process.env.BASE || "/", build: { inlineStylesheets: "never" }, vite: { build: { assetsInlineLimit: 0 } } };
