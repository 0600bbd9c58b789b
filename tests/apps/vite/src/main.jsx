import { lazy, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, Link, Route, Routes } from "react-router-dom";
import lamp from "./lamp.svg";
import "./main.css";
const Tour = lazy(() => import("./tour.jsx"));
const Count = lazy(() => import("./count.jsx"));
const Home = () => <p id="home"><img id="lamp" src={lamp} alt="lamp" /> home</p>;
createRoot(document.getElementById("root")).render(
  <BrowserRouter basename={import.meta.env.BASE_URL}>
    <nav><Link id="to-home" to="/">home</Link> <Link id="to-tour" to="/tour">tour</Link> <Link id="to-count" to="/count">count</Link></nav>
    <Suspense fallback={<p>loading</p>}>
      <Routes>
        <Route path="/tour" element={<Tour />} />
        <Route path="/count" element={<Count />} />
        <Route path="*" element={<Home />} />
      </Routes>
    </Suspense>
  </BrowserRouter>,
);
