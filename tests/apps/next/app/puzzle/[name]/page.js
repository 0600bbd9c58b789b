export const dynamicParams = false;
export function generateStaticParams() { return [{ name: "gears" }, { name: "lamps" }]; }
export default function Puzzle({ params }) { return <p id="puzzle">{params.name}</p>; }
