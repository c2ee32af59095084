import shim from "./index.js";

export const {
  test, expect, defineConfig, devices, mergeTests, mergeExpects, chromium, firefox, webkit, request, selectors, errors, _electron, _android,
} = shim;
export default shim.test;
