/** A cloud region: what a zone of the simulated cluster is. */
export interface Region {
  readonly name: string;
  /** Degrees north. */
  readonly latitude: number;
  /** Degrees east. */
  readonly longitude: number;
}

/**
 * Sixteen regions of a large cloud provider, at the coordinates of their cities. The first ones are spread over the
 * continents, so that a small number of zones is a worldwide cluster already.
 */
export const REGIONS: readonly Region[] = [
  { name: 'us-east-1', latitude: 38.95, longitude: -77.45 },
  { name: 'eu-central-1', latitude: 50.11, longitude: 8.68 },
  { name: 'ap-northeast-1', latitude: 35.68, longitude: 139.69 },
  { name: 'sa-east-1', latitude: -23.55, longitude: -46.63 },
  { name: 'ap-southeast-2', latitude: -33.87, longitude: 151.21 },
  { name: 'us-west-2', latitude: 45.84, longitude: -119.7 },
  { name: 'ap-south-1', latitude: 19.08, longitude: 72.88 },
  { name: 'af-south-1', latitude: -33.92, longitude: 18.42 },
  { name: 'ap-southeast-1', latitude: 1.35, longitude: 103.82 },
  { name: 'eu-west-1', latitude: 53.35, longitude: -6.26 },
  { name: 'me-south-1', latitude: 26.07, longitude: 50.56 },
  { name: 'ca-central-1', latitude: 45.5, longitude: -73.57 },
  { name: 'eu-north-1', latitude: 59.33, longitude: 18.07 },
  { name: 'us-west-1', latitude: 37.35, longitude: -121.96 },
  { name: 'ap-northeast-2', latitude: 37.57, longitude: 126.98 },
  { name: 'us-east-2', latitude: 39.96, longitude: -83.0 },
];

/** Mean radius of the Earth, km (IUGG). */
const EARTH_RADIUS_KM = 6_371;

/** One way between two hosts of the same region, ms: some switches and two network stacks. */
export const LOCAL_LATENCY_MS = 0.35;

/**
 * Great-circle kilometres that a datagram makes in a millisecond: light in fibre makes 200, and cables are a third longer
 * than the great circle.
 */
export const GREAT_CIRCLE_KM_PER_MS = 150;

/** Shortest way between two regions on the surface of the Earth, km (haversine formula). */
export function greatCircleKm(a: Region, b: Region): number {
  const latitude = radians(b.latitude - a.latitude);
  const longitude = radians(b.longitude - a.longitude);
  const haversine =
    Math.sin(latitude / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(longitude / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

/** One-way latency without jitter, in whole microseconds: so it is the same on any machine, whatever its sine. */
export function latencyMicroseconds(a: Region, b: Region): number {
  return Math.round(1_000 * (LOCAL_LATENCY_MS + greatCircleKm(a, b) / GREAT_CIRCLE_KM_PER_MS));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
