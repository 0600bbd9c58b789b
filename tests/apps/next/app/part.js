export default function Part() { return <p id="part">a part</p>; }
