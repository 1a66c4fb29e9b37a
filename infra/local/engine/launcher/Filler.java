import com.almworks.sqlite4java.SQLiteConnection;
import com.almworks.sqlite4java.SQLiteStatement;
import com.fasterxml.jackson.core.type.TypeReference;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.dynamodb.services.local.shared.access.LocalDBUtils;
import software.amazon.dynamodb.services.local.shared.access.sqlite.SQLiteDBAccess;
import software.amazon.dynamodb.services.local.shared.access.sqlite.TableSchemaInfo;
import software.amazon.dynamodb.services.local.shared.mapper.DynamoDbObjectMapper;
import software.amazon.dynamodb.services.local.shared.model.AttributeValue;

/**
 * Puts items into a database of DynamoDB Local that no engine has open: it asks the engine's own
 * code for a row's columns, and writes them itself, in one transaction and with the indexes made
 * last. The engine takes half a millisecond for an item, a table of search words has millions. No
 * stream tells of what comes this way. Takes the database's file, and from standard input a line
 * for each item: the table, a tab, and the item in DynamoDB's JSON. Writes how many there were.
 */
public class Filler {
    private static final DynamoDbObjectMapper MAPPER = new DynamoDbObjectMapper();

    private final SQLiteDBAccess engine;
    private final Method columns;
    private final SQLiteConnection db;
    private final Map<String, Table> tables = new HashMap<>();

    private Filler(File file) throws Exception {
        engine = new SQLiteDBAccess(file);
        columns = SQLiteDBAccess.class.getDeclaredMethod("sqliteColumnBindingsForAllAttributes",
                Map.class, TableSchemaInfo.class, AttributeValue.class, AttributeValue.class);
        columns.setAccessible(true);
        db = new SQLiteConnection(file).open(false);
        db.exec("PRAGMA cache_size = -200000");
        db.exec("PRAGMA synchronous = OFF"); // a database that is not whole is thrown away
    }

    /** A table without its indexes. */
    private final class Table {
        private final TableSchemaInfo schema;
        private final List<String> names = new ArrayList<>();
        private final List<String> indexes = new ArrayList<>(); // what makes them anew
        private final SQLiteStatement insert;

        Table(String name) throws Exception {
            SQLiteStatement q = db.prepare("SELECT TableInfo FROM dm WHERE TableName = ?").bind(1, name);
            if (!q.step()) {
                throw new IllegalArgumentException("there is no table " + name);
            }
            schema = MAPPER.readValue(q.columnBlob(0), TableSchemaInfo.class);
            q.dispose();
            List<String> drop = new ArrayList<>();
            q = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL").bind(1, name);
            while (q.step()) {
                drop.add("DROP INDEX \"" + q.columnString(0) + "\"");
                indexes.add(q.columnString(1));
            }
            q.dispose();
            for (String sql : drop) {
                db.exec(sql);
            }
            q = db.prepare("PRAGMA table_info(\"" + name + "\")");
            while (q.step()) {
                names.add(q.columnString(1));
            }
            q.dispose();
            insert = db.prepare("INSERT OR REPLACE INTO \"" + name + "\" (" + String.join(", ", names) + ") VALUES ("
                    + "?, ".repeat(names.size() - 1) + "?)");
        }

        @SuppressWarnings("unchecked")
        void put(Map<String, AttributeValue> item) throws Exception {
            Map<String, byte[]> row = (Map<String, byte[]>) columns.invoke(engine, item, schema, item.get("pk"), item.get("sk"));
            for (int i = 0; i < names.size(); i++) {
                if (names.get(i).equals("itemSize")) {
                    insert.bind(i + 1, LocalDBUtils.getItemSizeBytes(item));
                } else {
                    insert.bind(i + 1, row.get(names.get(i)));
                }
            }
            insert.step();
            insert.reset(true);
        }
    }

    public static void main(String[] args) {
        // The engine's thread would keep the process from ending.
        try {
            System.out.println(fill(new File(args[0])));
            System.exit(0);
        } catch (Throwable e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    private static long fill(File file) throws Exception {
        Filler f = new Filler(file);
        TypeReference<Map<String, AttributeValue>> type = new TypeReference<>() { };
        f.db.exec("BEGIN");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 20);
        long n = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            int tab = line.indexOf('\t');
            String name = line.substring(0, tab);
            Table t = f.tables.get(name);
            if (t == null) {
                t = f.new Table(name);
                f.tables.put(name, t);
            }
            t.put(MAPPER.readValue(line.substring(tab + 1), type));
            n++;
        }
        for (Table t : f.tables.values()) {
            t.insert.dispose();
            for (String sql : t.indexes) {
                f.db.exec(sql);
            }
        }
        f.db.exec("COMMIT");
        f.db.dispose();
        return n;
    }
}
