export { Link } from "./Link";
export { go, type Route, replace, routeOf, useRoute } from "./router";
