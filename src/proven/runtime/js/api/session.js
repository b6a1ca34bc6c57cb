export default function create(host) {
  return {
    getCurrentIdentity: () => host.context().identity,
    getCurrentAccounts: () => [...host.context().accounts],
  };
}
