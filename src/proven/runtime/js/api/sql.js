import { bindable, checkName, nftForm, transaction } from "./_scope.js";

class Statement {
  constructor(statement, params = {}) {
    if (typeof statement !== "string") throw new TypeError("a statement is text");
    this.statement = statement;
    this.params = params;
    Object.freeze(this);
  }
}

function parts(statement) {
  if (typeof statement === "string") return [statement, {}];
  if (typeof statement?.statement === "string") return [statement.statement, statement.params ?? {}];
  throw new TypeError("expected SQL text or sql(text, parameters)");
}

// Rows are an array; what upstream's lazy rows add is there too, but is no part of the value when it is sent on.
function rowsOf([columnNames, records]) {
  const rows = records.map((record) => Object.fromEntries(columnNames.map((name, i) => [name, record[i]])));
  Object.defineProperty(rows, "columnNames", { value: Object.freeze(columnNames) });
  Object.defineProperty(rows, "allRows", { get: () => Promise.resolve(rows) });
  return rows;
}

class Database {
  #host;
  #target;

  constructor(host, target, name) {
    this.#host = host;
    this.#target = target;
    this.name = name;
  }

  async query(statement) {
    return rowsOf(await this.#host.call("sql.query", this.#target, this.name, ...parts(statement)));
  }

  async execute(statement) {
    return await this.#host.call("sql.execute", this.#target, this.name, ...parts(statement));
  }

  async batch(statements) {
    return await this.#host.call("sql.batch", this.#target, this.name, Array.from(statements, parts));
  }

  transaction(fn) {
    return transaction(this.#host, this.#target, fn);
  }
}

const METHODS = Object.getOwnPropertyNames(Database.prototype).filter((name) => name !== "constructor");

export default function create(host) {
  const migrator = (scope, name) =>
    function migrate(statement) {
      if (typeof statement !== "string") throw new TypeError("a migration is SQL text");
      host.register("sql.migration", [scope, name, statement]);
      return this;
    };
  const scoped = (scope) => (name = "default") => {
    checkName(name, "database");
    const bind = (target) => {
      const database = new Database(host, target, name);
      database.migrate = migrator(scope, name);
      return Object.freeze(database);
    };
    return bindable(bind(scope), scope, bind);
  };
  return {
    sql: (statement, params) => new Statement(statement, params),
    getApplicationDb: scoped("application"),
    getPersonalDb: scoped("personal"),
    getNftDb(name = "default") {
      checkName(name, "database");
      const bind = (target) => new Database(host, target, name);
      return nftForm(METHODS, bind, { name, migrate: migrator("nft", name) });
    },
  };
}
