// Takes the README's pictures, instead of testing.
import config from "./playwright.config.ts";

export default { ...config, testMatch: "pictures.ts", fullyParallel: false, workers: 1 };
