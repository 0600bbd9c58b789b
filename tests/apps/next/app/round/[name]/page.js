export const dynamicParams = false;
export function generateStaticParams() { return [{ name: "first" }, { name: "second" }]; }
export default function Round({ params }) { return <p id="round">{params.name}</p>; }
