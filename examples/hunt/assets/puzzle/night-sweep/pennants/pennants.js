// The numeral pennants of the signal book: 0.svg to 9.svg, beside this script.

/** The URL of each digit's pennant: this script builds it when it runs. */
export function pennants(number) {
  return [...number].map((digit) => new URL(`${digit}.svg`, import.meta.url).href);
}
