export const helper = () => 'not a handler';
