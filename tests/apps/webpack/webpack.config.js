const Html = require("html-webpack-plugin");
const Css = require("mini-css-extract-plugin");
module.exports = {
  output: { filename: "js/[name].[contenthash:8].js", assetModuleFilename: "media/[name].[hash:8][ext]", clean: true },
  module: { rules: [{ test: /\.css$/, use: [Css.loader, "css-loader"] }, { test: /\.svg$/, type: "asset/resource" }] },
  plugins: [new Html({ title: "starting", favicon: "src/lamp.svg" }), new Css({ filename: "css/[name].[contenthash:8].css", chunkFilename: "css/[name].[contenthash:8].css" })],
};
