// The geometry of the hand lamp. Bearings are degrees clockwise from north.
export const HALF_BEAM = 8;

/** Any whole number of degrees as a bearing from 0 to 359. */
export function wrap(degrees) {
  return ((Math.round(degrees) % 360) + 360) % 360;
}

/** How far apart two bearings are: 0 to 180. */
export function apart(a, b) {
  const turn = wrap(a - b);
  return Math.min(turn, 360 - turn);
}

export function inBeam(boat, bearing) {
  return apart(boat.bearing, bearing) <= HALF_BEAM;
}

/** Where something is on a chart with the lamp at its middle; y points down. */
export function place(bearing, distance) {
  const angle = (bearing * Math.PI) / 180;
  return { x: distance * Math.sin(angle), y: -distance * Math.cos(angle) };
}

export function bearingOf(x, y) {
  return wrap((Math.atan2(x, -y) * 180) / Math.PI);
}

/** 7 is "007", as sailors say it. */
export function spoken(bearing) {
  return String(bearing).padStart(3, "0");
}
