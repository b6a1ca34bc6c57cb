export default function create(host) {
  return {
    getCurrentIdentity: () => host.context().identity ?? undefined,
    getCurrentAccounts: () => [...host.context().accounts],
  };
}
