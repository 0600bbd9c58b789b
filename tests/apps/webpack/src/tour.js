import "./tour.css";
export const text = "a tour";
