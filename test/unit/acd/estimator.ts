import { makeForecast, rangeOf, type Estimate, type EstimateFacts } from '../../../src/acd/estimate';

/** What a queue tells at one moment: place (1 is next) -> range in seconds, as `Estimates.at` does on a floor. */
export function makeEstimator(facts: EstimateFacts): (position: number, factor?: number) => Estimate {
  const forecast = makeForecast(facts);

  return (position, factor) => rangeOf(forecast(position, factor), facts.ends);
}
