/** The provider's error message for each status. */
export const refusals: Readonly<Record<string, string>> = {
  400: 'Bad Request: invalid parameters or request format',
  401: 'Unauthorized. API key is invalid or may have expired.',
  402: 'Insufficient credits. You have 0.0 credits.',
  403: 'You do not have permission to use this model',
  404: 'Model not found',
  406: 'Insufficient credits: your balance is below the cost of this model',
  410: 'This model has been retired',
  429: 'rate_limit_exceeded',
  500: 'Internal server error',
  502: 'Service temporarily unavailable',
  503: 'Service unavailable',
  504: 'Request timed out',
};
