import "./tour.css";
export default function Tour() { return <p id="tour">a tour<img src={import.meta.env.BASE_URL + "icon.svg"} alt="" /></p>; }
