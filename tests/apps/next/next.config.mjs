const base = process.env.BASE || undefined;
export default { output: "export", trailingSlash: true, basePath: base, images: { unoptimized: true } };
