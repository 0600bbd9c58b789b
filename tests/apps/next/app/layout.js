import "./main.css";
import Link from "next/link";
export const metadata = { title: "hunt" };
export default function Layout({ children }) {
  return <html lang="en"><body><nav><Link id="to-home" href="/">home</Link> <Link id="to-gears" href="/puzzle/gears/">gears</Link> <Link id="to-first" href="/round/first/">first</Link></nav>{children}</body></html>;
}
