export const text = "the sum is " + [2, 3].reduce((a, b) => a + b);
