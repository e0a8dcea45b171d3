export const CONTROL_QUEUE = 'control';
