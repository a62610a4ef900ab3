/** How a homie chooses its feeds beyond the ring predecessor. */
export type Strategy = 'uniform' | 'hub-and-spoke' | 'prefer-local' | 'prefer-remote' | 'nearest';

export const STRATEGIES: readonly Strategy[] = ['uniform', 'hub-and-spoke', 'prefer-local', 'prefer-remote', 'nearest'];
