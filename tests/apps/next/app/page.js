"use client";
import dynamic from "next/dynamic";
import lamp from "./lamp.svg";
import { useState } from "react";
const Part = dynamic(() => import("./part"), { ssr: false });
export default function Page() {
  const [open, setOpen] = useState(false);
  return <main id="home"><img src={lamp.src} alt="lamp" /><button id="open" onClick={() => setOpen(true)}>open</button>{open && <Part />}</main>;
}
