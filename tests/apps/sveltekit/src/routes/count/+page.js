export const load = async ({ fetch }) => ({ sum: 2 + 3 });
