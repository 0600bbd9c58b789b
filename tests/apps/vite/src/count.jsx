import { useEffect, useState } from "react";
export default function Count() {
  const [sum, setSum] = useState("");
  useEffect(() => {
    const worker = new Worker(new URL("./adder.js", import.meta.url), { type: "module" });
    worker.onmessage = (event) => setSum(event.data);
    worker.postMessage([2, 3]);
  }, []);
  return <p id="count">{sum}</p>;
}
